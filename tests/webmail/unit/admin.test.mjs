// The administration's pure halves: health in a sentence, charts, the queue from three sides, sizes.
import { test } from "node:test";
import assert from "node:assert/strict";
import { healthOf, totals } from "../../../webmail/app/admin/health.js";
import { ageOf, bucketsOf, destinationOf, noFilter, queryOf, reasonOf, whichOf } from "../../../webmail/app/admin/facets.js";

const point = (more = {}) => ({ at: 0, queue: 5, accepted: 1, delivered: 1, sent: 10, deferred: 0, failed: 0, refused: 0, delay_p50_ms: null, delay_p99_ms: null, ...more });
const points = (count, more) => Array.from({ length: count }, () => point(more));

test("how the house is", () => {
  assert.equal(healthOf([], 3).sort, "young");
  assert.equal(healthOf(points(60), 5).sort, "well");
  assert.deepEqual(healthOf(points(60), 21), { sort: "growing", n: 21 });
  assert.equal(healthOf(points(60), 20).sort, "well");
  assert.equal(healthOf(points(60, { queue: 400 }), 501).sort, "waiting");
  assert.equal(healthOf(points(60, { queue: 400 }), 500).sort, "well");
  assert.equal(healthOf([...points(50), ...points(10, { failed: 3 })], 5).sort, "failing");
  assert.equal(healthOf([...points(50), ...points(10, { failed: 2 })], 5).sort, "well");
  assert.equal(totals(points(3)).sent, 30);
});

const row = (more = {}) => ({ queue_id: "q", recipient: 0, sender: "a@x", to: "b@Crepes.fr", state: "waiting", created: 0, due: 0, attempts: 0, said: null, size: 1, route: null, ...more });

test("the queue from three sides", () => {
  assert.equal(destinationOf(row()), "crepes.fr");
  assert.equal(destinationOf(row({ route: "mx2" })), "mx2");
  const minute = 60_000;
  assert.deepEqual([0, 4, 5, 59, 60, 1439, 1440, 99999].map((n) => ageOf(row(), n * minute)), [0, 0, 5, 20, 60, 240, 1440, 1440]);
  const same = ["451 <bob@x.fr> id 4AB0C1D2E3 busy", "451 <eve@y.fr>  id 77AB0C1D2F busy"].map(reasonOf);
  assert.equal(same[0], same[1]);
  assert.equal(reasonOf(null), "");
  const buckets = bucketsOf([row({ created: 9 }), row({ created: 5 }), row({ to: "x@a.fr" })], destinationOf);
  assert.deepEqual(buckets.map(({ key, n, oldest }) => [key, n, oldest]), [["crepes.fr", 2, 5], ["a.fr", 1, 0]]);
});

test("filters as the server takes them", () => {
  const filter = { ...noFilter(), host: "crepes.fr", held: "true", older_than_s: "300" };
  assert.equal(queryOf(filter, 10), "host=crepes.fr&held=true&older_than_s=300&limit=10");
  assert.deepEqual(whichOf(filter), { host: "crepes.fr", held: true, older_than_s: 300 });
  assert.deepEqual(whichOf(noFilter()), {});
});
