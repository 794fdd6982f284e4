"""Predictions of a running server, by the Open Inference Protocol (V2, REST), which MLServer and Seldon speak.

`client` asks over HTTP and asks again where that helps, `answer` is what was said and how a message tells it, `tensors`
what goes over the wire, `metadata` what a server says of its model, `outputs` what its answers mean; `asking` puts rows
to it, and `model` is all of it as a `models.Model`.
"""

from modelmonitor.evaluation.endpoint.model import EndpointModel, endpoint_model

__all__ = ["EndpointModel", "endpoint_model"]
