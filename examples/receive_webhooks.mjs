// Receives webhooks of Outdial, prints type and id of each: node receive_webhooks.mjs FILE.
// FILE has the secret of the webhook. The first line that is printed is the address to send to.

import { createHmac, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";

const SECONDS_OF_GRACE = 300;
const seen = new Set();

// Standard Webhooks 1.0: several signatures are separated by blanks, and one must fit.
function isSigned(headers, body) {
  const text = readFileSync(process.argv[2], "utf8").trim().replace(/^whsec_/, "");
  const { "webhook-id": id, "webhook-timestamp": sentAt, "webhook-signature": given } = headers;
  const signed = Buffer.concat([Buffer.from(`${id}.${sentAt}.`), body]);
  const digest = createHmac("sha256", Buffer.from(text, "base64")).update(signed).digest("base64");
  const expected = Buffer.from(`v1,${digest}`);
  const isFresh = Math.abs(Date.now() / 1000 - Number(sentAt)) < SECONDS_OF_GRACE;
  const fits = (each) => each.length === expected.length && timingSafeEqual(each, expected);
  return isFresh && (given ?? "").split(" ").map((each) => Buffer.from(each)).some(fits);
}

const server = createServer(async (request, response) => {
  const parts = [];
  for await (const part of request) parts.push(part);
  const body = Buffer.concat(parts);
  const id = request.headers["webhook-id"];
  const accepted = isSigned(request.headers, body);
  if (accepted && !seen.has(id)) {
    // An event may come more than once. Keep its id where you keep what follows from it.
    seen.add(id);
    console.log(JSON.parse(body).type, id);
  }
  response.writeHead(accepted ? 204 : 400).end();
});
server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}/`));
