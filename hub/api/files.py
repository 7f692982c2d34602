"""GET /files/{token}: a file, once. Bytes and headers only; what may leave is decided in `hub.files.download`.

No bearer is asked: the address is the capability, so that a browser can follow it. Every answer, a refusal too, says
that nothing of it is to be kept. HEAD looks without using the address up; ranges are not offered.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from hub.api.refusals import refused, refused_with
from hub.errors import HubError
from hub.files.address import AddressRefused
from hub.files.fetch import Spooled
from hub.files.headers import ALWAYS, disposition, media_of, name_of
from hub.services import Services


async def download(request: Request) -> Response:
    """The file, or one JSON error."""
    request_id: str = request.state.request_id
    try:
        answer = await _answered(request, request_id)
    except AddressRefused as error:
        answer = refused_with(error.status, str(error), request_id)
    except HubError as error:
        answer = refused(error, request_id)
    answer.headers.update(ALWAYS)
    return answer


async def _answered(request: Request, request_id: str) -> Response:
    services: Services = request.app.state.services
    token = request.path_params["token"]
    if request.method == "HEAD":
        await services.downloads.look(token, request_id)
        return StreamingResponse(())  # without a length: nobody has fetched the file
    return _sent(await services.downloads.fetch(token, request_id))


def _sent(file: Spooled) -> Response:
    headers = {
        "Content-Length": str(file.size),
        "Content-Disposition": disposition(name_of(file.name, file.digest, file.head)),
        "Content-Type": media_of(file.media, file.head),
    }
    return StreamingResponse(file.chunks(), headers=headers)
