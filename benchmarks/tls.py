"""TLS in front of DynamoDB Local, so that a first call loads certificates, as on AWS.

``python -m benchmarks.tls TARGET_PORT FOLDER`` serves in its own process, so that its CPU time does
not affect the measurements.
"""

import asyncio
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import trustme

_LOOPBACK = "127.0.0.1"
_CHUNK = 65_536


@dataclass(frozen=True, slots=True)
class Front:
    """The address, and the certificate authority of its certificate."""

    endpoint: str
    authority: bytes


@contextmanager
def tls_front(endpoint: str, folder: Path) -> Iterator[Front]:
    """Serve an endpoint over TLS inside the context."""
    authority = trustme.CA()
    authority.issue_cert(_LOOPBACK).private_key_and_cert_chain_pem.write_to_path(folder / "key.pem")
    command = [sys.executable, "-m", "benchmarks.tls", str(urlsplit(endpoint).port), str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        try:
            if process.stdout is None:
                raise RuntimeError("the process has no stdout pipe")
            port = process.stdout.readline().strip()
            yield Front(f"https://{_LOOPBACK}:{port}", authority.cert_pem.bytes())
        finally:
            process.terminate()


async def _serve(target_port: int, folder: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "key.pem")

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream, downstream = await asyncio.open_connection(_LOOPBACK, target_port)
        await asyncio.gather(_copy(reader, downstream), _copy(upstream, writer))

    server = await asyncio.start_server(relay, _LOOPBACK, 0, ssl=context)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while chunk := await reader.read(_CHUNK):
            writer.write(chunk)
            await writer.drain()
    except OSError:
        pass  # The measured process closes its connections abruptly.
    finally:
        writer.close()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), Path(sys.argv[2])))
