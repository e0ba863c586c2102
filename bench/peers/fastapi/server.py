# FastAPI: verifies the token, parses the body with orjson, puts it into a queue in memory, answers. A worker takes it out.
import asyncio
import hmac
import os
from contextlib import asynccontextmanager

import orjson
import uvicorn
from fastapi import FastAPI, Request, Response

TOKEN = os.environ["BENCH_TOKEN"].encode()
QUEUE_MAX = 10_000
ANSWER = orjson.dumps({"ok": True})


async def work(queue: asyncio.Queue) -> None:
    while True:
        await queue.get()
        queue.task_done()


@asynccontextmanager
async def lifespan(app: FastAPI):
    app.state.queue = asyncio.Queue(QUEUE_MAX)
    worker = asyncio.create_task(work(app.state.queue))
    yield
    worker.cancel()


app = FastAPI(lifespan=lifespan)


@app.post("/webhook/telegram")
async def telegram(request: Request) -> Response:
    given = request.headers.get("x-telegram-bot-api-secret-token", "").encode()
    if not hmac.compare_digest(given, TOKEN):
        return Response(status_code=401)
    update = orjson.loads(await request.body())
    try:
        request.app.state.queue.put_nowait(update)
    except asyncio.QueueFull:
        return Response(status_code=503)
    return Response(ANSWER, media_type="application/json")


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(os.environ["BENCH_PORT"]), log_level="warning", access_log=False)
