"""What a model class says beyond its fields: CEL rules, and that exactly one of its fields is set."""

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from pydantic import model_validator

from modelmonitor.api.types import Model


@dataclass(frozen=True, slots=True)
class Rule:
    """A CEL rule of the CRD: `expression` over `self` must hold, else the API server answers with `message`.

    The message says what to change, not what is wrong with the expression.
    """

    expression: str
    message: str


class Ruled(Model):
    """A model with CEL rules; crdgen writes them as x-kubernetes-validations."""

    rules: ClassVar[tuple[Rule, ...]] = ()


class OneOf(Ruled):
    """An object with exactly one key: the key names the choice, its value configures it."""

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        # Not minProperties and maxProperties: their errors count properties, and the second keeps the API server from
        # asking the rule that names the choices.
        one = ", ".join(f"has(self.{choice})" for choice in cls._choices().values())
        cls.rules = (*cls.rules, Rule(f"[{one}].exists_one(set, set)", cls._demand()))

    @classmethod
    def _choices(cls) -> dict[str, str]:
        return {name: field.alias or name for name, field in cls.model_fields.items()}

    @classmethod
    def _demand(cls) -> str:
        choices = tuple(cls._choices().values())
        return f"set exactly one of {', '.join(choices)}" if len(choices) > 1 else f"set {choices[0]}"

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if sum(getattr(self, name) is not None for name in self._choices()) != 1:
            raise ValueError(self._demand())
        return self
