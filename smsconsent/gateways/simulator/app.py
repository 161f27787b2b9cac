"""From a request to an answer: who may ask, which function answers, and which fault strikes."""

import inspect
from urllib.parse import urlsplit

from smsconsent.gateways.simulator import api, control, credentials, handset_pages, more_api
from smsconsent.gateways.simulator.clock import iso
from smsconsent.gateways.simulator.http import HttpError, Request, Response, Routes, as_json
from smsconsent.gateways.simulator.world import World

LOOPBACK = ("127.0.0.1", "localhost", "::1")
OPEN_PATHS = ("/api/ping",)


class App:
    """Answers every request to one account."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._routes = Routes(
            [
                *api.routes.table,
                *more_api.routes.table,
                *handset_pages.routes.table,
                *control.routes.table,
            ]
        )

    async def answer(self, request: Request) -> Response:
        """Return the answer, or the way in which there will be none."""
        is_api = request.path.startswith("/api/")
        response = await (self._answer_api(request) if is_api else self._answer(request))
        if is_api and request.path not in OPEN_PATHS:
            self._world.requests.append(
                {
                    "time": iso(self._world.clock.now()),
                    "method": request.method,
                    "path": request.path,
                    "bytes": len(request.body),
                    "status": "none" if response.drop or response.hang_for else response.status,
                }
            )
        return response

    async def _answer_api(self, request: Request) -> Response:
        """Answer, unless a fault strikes before or after the work is done."""
        faults, path = self._world.faults, request.path
        if fault := faults.take("answer", path):
            headers = {"Retry-After": str(fault.retry_after)} if fault.retry_after else {}
            answer = as_json({"Message": "A simulated fault."}, fault.status, **headers)
            if fault.body is not None:
                answer.body = fault.body.encode()
            return answer
        if fault := faults.take("hang", path):
            return Response(hang_for=fault.seconds)
        if faults.take("drop_before", path):
            return Response(drop=True)
        response = await self._answer(request)
        if fault := faults.take("hang_after", path):
            response.hang_for = fault.seconds
        if faults.take("drop_after", path):
            response.drop = True
        if fault := faults.take("slow_body", path):
            response.slow_for = fault.seconds
        return response

    async def _answer(self, request: Request) -> Response:
        path = request.path
        try:
            if path.startswith("/api/"):
                if path not in OPEN_PATHS:
                    credentials.check(self._world, request)
            else:
                _refuse_strangers(request)
            method = "GET" if request.method == "HEAD" else request.method
            function, parts = self._routes.find(method, path)
            found = function(self._world, request, **parts)
            return await found if inspect.isawaitable(found) else found
        except HttpError as error:
            return as_json({"Message": error.message}, error.status)


def _refuse_strangers(request: Request) -> None:
    """Keep other sites, open in the same browser, away from the handsets. Raises HttpError 403."""
    # SECURITY: the Host stops a name that somebody points at 127.0.0.1; the Origin stops a foreign form.
    host = request.headers.get("host", "")
    if urlsplit(f"//{host}").hostname not in LOOPBACK:
        raise HttpError(403, "Use the address http://127.0.0.1.")
    origin = request.headers.get("origin")
    if origin and urlsplit(origin).netloc != host:
        raise HttpError(403, "Another site may not use the simulator.")
