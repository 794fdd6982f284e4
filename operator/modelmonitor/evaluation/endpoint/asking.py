"""Puts rows to a server: cut into questions, several at once, and smaller ones where they are too large for it."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import pyarrow as pa

from modelmonitor.evaluation.endpoint import tensors
from modelmonitor.evaluation.endpoint.answer import RefusedError
from modelmonitor.evaluation.endpoint.client import AT_ONCE, Client
from modelmonitor.evaluation.endpoint.metadata import Metadata
from modelmonitor.evaluation.endpoint.tensors import Answered
from modelmonitor.evaluation.errors import EndpointError

LARGEST_QUESTION: Final = 4 * 1024 * 1024
"""Bytes of a request. A gateway that takes less says so, and is asked for fewer rows at a time."""
_TOO_LARGE: Final = 413
# What servers answer that do not have an output by a name that they are asked for.
_NO_SUCH_OUTPUT: Final = frozenset({400, 422, 500})


class Asker:
    """Asks for all of a batch's rows."""

    def __init__(self, client: Client, url: str, metadata: Metadata, columns: tuple[str, ...], batch_rows: int) -> None:
        """Nothing is asked yet.

        Args:
            client: asks over HTTP.
            url: of the model.
            metadata: what the server says of its inputs.
            columns: what is sent.
            batch_rows: rows of one question, at most.
        """
        self.url: Final = url
        self.columns: Final = columns
        self._client: Final = client
        self._matrix: Final = metadata.matrix
        self._inputs: Final = {one.name: one for one in metadata.columns}
        self._batch_rows: Final = batch_rows
        self._outputs: tuple[str, ...] = ()
        self.refusal: str = ""
        """Why the server does not give the outputs that it was first asked for by name."""
        self._lock: Final = threading.Lock()
        self.by: Answered | None = None
        """The first answer: which model and version gave it."""

    def ask_first(self, batch: pa.RecordBatch, outputs: tuple[str, ...]) -> Answered:
        """The answer about some rows, with outputs by these names if the server has them, else with its usual ones.

        Later questions are asked in the same way. Raises EndpointError.
        """
        self._outputs = outputs
        try:
            return self._of_slice(batch, threading.Event())[0]
        except RefusedError as error:
            if not outputs or error.status not in _NO_SUCH_OUTPUT:
                raise
            self.refusal = error.message
        self._outputs = ()
        return self._of_slice(batch, threading.Event())[0]

    def ask(self, batch: pa.RecordBatch) -> list[Answered]:
        """The answers about all rows, in their order.

        Raises:
            EndpointError: for the first question that is not answered; those that wait are then given up.
        """
        unwanted = threading.Event()
        slices = [batch.slice(first, self._batch_rows) for first in range(0, batch.num_rows, self._batch_rows)]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            waiting = [pool.submit(self._of_slice, one, unwanted) for one in slices]
            try:
                return [answered for one in waiting for answered in one.result()]
            except BaseException:
                unwanted.set()
                pool.shutdown(cancel_futures=True)
                raise

    def _of_slice(self, rows: pa.RecordBatch, unwanted: threading.Event) -> list[Answered]:
        body = self._question(rows)
        if len(body) > LARGEST_QUESTION and rows.num_rows > 1:
            return self._in_halves(rows, unwanted)
        answer = self._client.post(f"{self.url}/infer", body, unwanted)
        if answer.status == _TOO_LARGE and rows.num_rows > 1:
            return self._in_halves(rows, unwanted)
        if answer.status != 200:
            raise answer.refused()
        found = tensors.answered(answer, rows.num_rows)
        self._same_model(found)
        return [found]

    def _in_halves(self, rows: pa.RecordBatch, unwanted: threading.Event) -> list[Answered]:
        half = rows.num_rows // 2
        return [*self._of_slice(rows.slice(0, half), unwanted), *self._of_slice(rows.slice(half), unwanted)]

    def _question(self, rows: pa.RecordBatch) -> bytes:
        values = {name: rows.column(name) for name in self.columns}
        if (whole := self._matrix) is not None:
            return tensors.question(
                [tensors.matrix(whole.name, values, asked=whole.datatype)], self._outputs, table=False
            )
        inputs = []
        for name, one in values.items():
            said = self._inputs.get(name)
            inputs.append(tensors.column(name, one, said.datatype, said.rank) if said else tensors.column(name, one))
        return tensors.question(inputs, self._outputs, table=True)

    def _same_model(self, found: Answered) -> None:
        """Make sure that one model answers all: half of the rows scored by the next one would be nobody's metrics."""
        with self._lock:
            first = self.by = self.by or found
        if (first.name, first.version) != (found.name, found.version):
            before, now = (" ".join(filter(None, (one.name, one.version))) or "nobody" for one in (first, found))
            raise EndpointError(
                "EndpointChanged",
                f"{self.url} answered as {before} and then as {now}: another model began to serve while it was asked,"
                " or several serve there; it is asked anew at the next look",
            )
