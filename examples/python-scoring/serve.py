"""A scoring server with nothing but Python's own library: the Open Inference Protocol (v2) and MLflow's /invocations.

Holdfast starts it with the port in PORT, asks for its health, and sends it rows. Put your own model into score().
"""
import json
import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def score(amount, age):
    """A card of two questions; a missing amount is a small one, a missing age is nobody old."""
    return (0.9 if amount is not None and amount > 1000 else 0.1) + (0.05 if age is not None and age > 60 else 0.0)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        ready = self.path in ("/v2/health/ready", "/v2/health/live", "/ping", "/health")
        self.answer(200 if ready else 404, {"ready": ready})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        try:
            if self.path == "/invocations":
                frame = body["dataframe_split"]
                at = {name: i for i, name in enumerate(frame["columns"])}
                self.answer(200, {"predictions": [score(row[at["amount"]], row[at["age"]]) for row in frame["data"]]})
            elif self.path == "/v2/models/model/infer":
                columns = {tensor["name"]: tensor["data"] for tensor in body["inputs"]}
                scores = [score(amount, age) for amount, age in zip(columns["amount"], columns["age"])]
                self.answer(200, {"model_name": "model", "outputs": [{"name": "score", "datatype": "FP64", "shape": [len(scores)], "data": scores}]})
            else:
                self.answer(404, {"error": f"there is no {self.path}"})
        except (KeyError, TypeError) as fault:
            self.answer(400, {"error": f"the request cannot be read: {fault!r}"})

    def answer(self, status, document):
        content = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        """Quiet: a line a request would be the slowest part."""


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print(f"listening on {os.environ['PORT']}", flush=True)
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
