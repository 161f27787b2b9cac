"""The other direction: POST a callback, over connections that are kept."""

import asyncio
from urllib.parse import urlsplit

MOST_IDLE = 16

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class CallbackClient:
    """Posts JSON. One connection per concurrent call; idle ones are used again."""

    def __init__(self) -> None:
        self._idle: dict[tuple[str, int, bool], list[Connection]] = {}

    async def post(self, url: str, body: bytes, headers: dict[str, str], timeout: float) -> int:
        """Return the status. Raises OSError (TimeoutError among them) when there is no answer."""
        try:
            return await asyncio.wait_for(self._post(url, body, headers), timeout)
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError) as error:
            raise ConnectionError("the answer is not HTTP") from error

    def close(self) -> None:
        """Close what is idle."""
        for connections in self._idle.values():
            for _reader, writer in connections:
                writer.close()
        self._idle.clear()

    async def _post(self, url: str, body: bytes, headers: dict[str, str]) -> int:
        parts = urlsplit(url)
        is_tls = parts.scheme == "https"
        place = parts.hostname or "", parts.port or (443 if is_tls else 80), is_tls
        lines = [
            f"POST {parts.path or '/'}{'?' + parts.query if parts.query else ''} HTTP/1.1",
            f"Host: {parts.netloc}",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
            *(f"{name}: {value}" for name, value in headers.items()),
        ]
        message = "\r\n".join([*lines, "", ""]).encode("latin-1") + body
        idle = self._idle.setdefault(place, [])
        while idle:
            connection = idle.pop()
            try:
                return await self._exchange(connection, place, message)
            except (ConnectionError, asyncio.IncompleteReadError):
                # The other side closed it meanwhile. A fresh connection tells whether it is there.
                continue
        connection = await asyncio.open_connection(place[0], place[1], ssl=is_tls or None)
        return await self._exchange(connection, place, message)

    async def _exchange(
        self, connection: Connection, place: tuple[str, int, bool], message: bytes
    ) -> int:
        reader, writer = connection
        keep = False
        try:
            writer.write(message)
            status, keep = await _read_answer(reader)
        finally:
            if keep and len(self._idle[place]) < MOST_IDLE:
                self._idle[place].append(connection)
            else:
                writer.close()
        return status


async def _read_answer(reader: asyncio.StreamReader) -> tuple[int, bool]:
    """Return the status, and whether the connection can be used again."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower().split("\r\n")
    status = int(head[0].split(" ")[1])
    headers = dict(line.split(": ", 1) for line in head[1:] if ": " in line)
    if "transfer-encoding" in headers or "content-length" not in headers:
        return status, status in (204, 304)
    await reader.readexactly(int(headers["content-length"]))
    return status, headers.get("connection") != "close" and head[0].startswith("http/1.1")
