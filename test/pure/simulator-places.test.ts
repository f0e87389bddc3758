import { expect, test } from "vitest";
import { Places } from "../../services/simulator/places.ts";

/** Work that ends when it is told to, and what has begun so far. */
function workshop(places: number) {
  const room = new Places(places);
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const bring = (name: string, signal = new AbortController().signal) =>
    room.during(signal, async () => {
      const { promise, resolve } = Promise.withResolvers<undefined>();
      begun.push(name);
      ends.set(name, () => resolve(undefined));
      await promise;
      return name;
    });
  return { bring, begun, end: (name: string) => ends.get(name)?.() };
}

test("two places: the third waits for one of them, the fourth for the next, in their order", async () => {
  const { bring, begun, end } = workshop(2);
  const all = ["a", "b", "c", "d"].map((name) => bring(name));
  await expect.poll(() => begun).toEqual(["a", "b"]);
  end("b");
  await expect.poll(() => begun).toEqual(["a", "b", "c"]);
  end("a");
  await expect.poll(() => begun).toEqual(["a", "b", "c", "d"]);
  end("c");
  end("d");
  expect(await Promise.all(all)).toEqual(["a", "b", "c", "d"]);
  await expect(bring("e", AbortSignal.abort(new Error("gone")))).rejects.toThrow("gone");
});

test("whoever gives up is passed over, and the place goes to the next", async () => {
  const { bring, begun, end } = workshop(1);
  const gone = new AbortController();
  const first = bring("a");
  const second = bring("b", gone.signal);
  const third = bring("c");
  gone.abort();
  await expect(second).rejects.toThrow("gave up before there was a place");
  end("a");
  await expect.poll(() => begun).toEqual(["a", "c"]);
  end("c");
  expect(await Promise.all([first, third])).toEqual(["a", "c"]);
});

test("work that fails leaves its place too", async () => {
  const room = new Places(1);
  const { signal } = new AbortController();
  await expect(room.during(signal, () => Promise.reject(new Error("broken")))).rejects.toThrow("broken");
  expect(await room.during(signal, () => Promise.resolve("done"))).toBe("done");
});
