"""Show the built book to this machine's own browser: `python book/serve.py [PORT]`."""

import argparse
import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

SITE = Path(__file__).parent / "_build" / "html"


def main() -> int:
    """Serve until interrupted; 1 where there is nothing to serve, or not on that port."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", nargs="?", type=int, default=8000, help="default: 8000")
    port = parser.parse_args().port
    if not (SITE / "index.html").exists():
        print(f"{SITE} holds no book: run `make book`, or `jupyter-book build book`, first.", file=sys.stderr)
        return 1
    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), partial(SimpleHTTPRequestHandler, directory=SITE))
    except (OSError, OverflowError) as error:
        print(f"Port {port} cannot be used ({error}); choose another: make serve PORT=8001", file=sys.stderr)
        return 1
    with server:
        print(f"The book is at http://localhost:{server.server_port}; Ctrl-C ends this.", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
