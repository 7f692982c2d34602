"""The change protocol as an executable model: every interleaving of two writers, deaths, lost leases and lost answers.

    python tests/hub/pull/protocol_model.py [variant]      prints how a variant breaks, or that the protocol holds

The stores of the model are the weakest we mean to run on: a log and records that take one document at a time, and one
control record that is transactional. A writer may stop between any two writes for ever, or for so long that another one
takes its lease; the answer to a commit may get lost either way. What must hold in every state:

  committed is final   a log entry at or below the watermark never changes, and none is missing
  records follow       no record holds an uncommitted change; up to `applied` the records are what the log says
  nothing is lost      whenever one more writer runs undisturbed, records, replayed log and source are the same
"""

import sys
from collections import deque
from typing import NamedTuple

KEYS = ("a", "b")

#: Each leaves out one part of the protocol.
VARIANTS = {
    "records first": "the records are written before the commit",
    "unfenced log": "the log takes entries of any fence",
    "unfenced commit": "the commit does not ask for the fence",
    "unversioned apply": "an older change may overwrite a newer record",
    "no recovery": "a new lease does not apply what a dead writer left",
    "applied early": "`applied` moves before the records are written",
    "blind retry": "after a lost answer the writer goes on from the watermark it knew",
    "difference before recovery": "the difference is read before the left-over is applied",
}


class Entry(NamedTuple):
    """A log document; its sequence is its place in `World.log`."""

    fence: int
    key: int
    before: int | None
    after: int | None


class Writer(NamedTuple):
    """Where one writer stands: what it does next, under which fence, and its batch of (seq, Entry)."""

    does: str = "rest"
    fence: int = 0
    batch: tuple = ()
    at: int = 0  # how much of the batch this step has done
    seen: int = 0  # the watermark when the batch was made


class World(NamedTuple):
    """Everything that outlives a writer, the writers, and how much may still go wrong."""

    source: tuple
    records: tuple  # (value, seq) of each key
    log: tuple  # Entry or None of each sequence, from 1
    fence: int = 0
    watermark: int = 0
    applied: int = 0
    writers: tuple = (Writer(), Writer())
    edits: int = 1
    deaths: int = 1
    leases: int = 3


def moves(world, variant):
    """Every state that one more write, death or edit leads to, with its name."""
    if world.edits:
        for key, value in enumerate(world.source):
            for new in (None, 8 + world.edits):
                if new != value:
                    edited = _put(world.source, key, new)
                    yield f"source: {KEYS[key]} = {new}", world._replace(source=edited, edits=world.edits - 1)
    for number, writer in enumerate(world.writers):
        for name, after, changed in _writer_moves(world, writer, variant):
            yield f"writer {number} {name}", changed._replace(writers=_put(world.writers, number, after))


def _writer_moves(world, writer, variant):
    if writer.does == "rest":
        if world.leases:
            fence = world.fence + 1
            first = "difference" if variant == "difference before recovery" else "recovery"
            yield f"takes lease {fence}", Writer(first, fence), world._replace(fence=fence, leases=world.leases - 1)
        return
    if world.deaths:
        yield f"dies before {writer.does}", Writer(), world._replace(deaths=world.deaths - 1)
    yield from STEPS[writer.does](world, writer, variant)


def _recovery(world, writer, variant):
    left = tuple((s, world.log[s - 1]) for s in range(world.applied + 1, world.watermark + 1))
    following = "log" if writer.batch else "difference"
    if left and variant != "no recovery":
        follow = writer.batch if variant == "difference before recovery" else ()
        yield "recovers", writer._replace(does="apply left", batch=(*left, ("then", follow)), at=0), world
    else:
        yield "has nothing to recover", writer._replace(does=following, at=0), world


def _apply_left(world, writer, variant):
    left, (_, follow) = writer.batch[:-1], writer.batch[-1]
    yield from _each(
        world, writer, left, "applies left", _applied_record(variant),
        lambda w: w._replace(does="mark left", batch=(("then", follow),), at=0, seen=left[-1][0]),
    )  # fmt: skip


def _mark_left(world, writer, variant):
    follow = writer.batch[-1][1]
    after = writer._replace(does="log" if follow else "difference", batch=follow, at=0)
    yield "marks the left-over", after, world._replace(applied=max(world.applied, writer.seen))


def _difference(world, writer, variant):
    batch = tuple(_numbered(world, writer, world.watermark))
    first = {"records first": "apply early", "difference before recovery": "recovery"}.get(variant, "log")
    if batch:
        yield f"finds {len(batch)}", writer._replace(does=first, batch=batch, at=0, seen=world.watermark), world
    else:
        yield "finds nothing", Writer(), world


def _numbered(world, writer, watermark):
    changed = [(k, r[0], v) for k, (r, v) in enumerate(zip(world.records, world.source, strict=True)) if r[0] != v]
    for n, (key, before, after) in enumerate(changed):
        yield watermark + 1 + n, Entry(writer.fence, key, before, after)


def _apply_early(world, writer, variant):
    yield from _each(
        world, writer, writer.batch, "writes early", _applied_record(variant), lambda w: w._replace(does="log", at=0)
    )


def _log(world, writer, variant):
    def put(world, seq, entry):
        log = world.log + (None,) * (seq - len(world.log))
        old = log[seq - 1]
        if old is not None and old.fence > entry.fence and variant != "unfenced log":
            return None
        return world._replace(log=_put(log, seq - 1, entry))

    yield from _each(world, writer, writer.batch, "logs", put, lambda w: w._replace(does="commit", at=0))


def _commit(world, writer, variant):
    if world.fence != writer.fence and variant != "unfenced commit":
        yield "has lost its lease", Writer(), world
        return
    top = writer.batch[-1][0]
    done = world._replace(watermark=max(top, world.watermark))
    first = "mark" if variant == "applied early" else "apply"
    yield "commits", writer._replace(does=first, at=0), done
    again = writer._replace(does="again", batch=(), at=0)
    yield "commits, the answer is lost", again, done
    yield "fails to commit, the answer is lost", again, world


def _again(world, writer, variant):
    """After a lost answer: nothing but a new lease, which recovers first."""
    if variant == "blind retry":
        batch = tuple(_numbered(world, writer, writer.seen))
        yield "tries again", (writer._replace(does="log", batch=batch) if batch else Writer()), world
    else:
        yield "gives up", Writer(), world  # and may take a new lease from there, as any writer


def _apply(world, writer, variant):
    following = Writer() if variant == "applied early" else writer._replace(does="mark", at=0)
    yield from _each(world, writer, writer.batch, "applies", _applied_record(variant), lambda _: following)


def _mark(world, writer, variant):
    after = writer._replace(does="apply", at=0) if variant == "applied early" else Writer()
    yield "marks applied", after, world._replace(applied=max(world.applied, writer.batch[-1][0]))


STEPS = {
    "recovery": _recovery, "apply left": _apply_left, "mark left": _mark_left, "difference": _difference,
    "apply early": _apply_early, "log": _log, "commit": _commit, "again": _again, "apply": _apply, "mark": _mark,
}  # fmt: skip


def _each(world, writer, batch, name, put, then):
    """Write the next document of the batch; after the last one go on. A refused document ends the writer."""
    seq, entry = batch[writer.at]
    changed = put(world, seq, entry)
    if changed is None:
        yield f"{name} {seq}: refused", Writer(), world
    elif writer.at + 1 < len(batch):
        yield f"{name} {seq}", writer._replace(at=writer.at + 1), changed
    else:
        yield f"{name} {seq}", then(writer), changed


def _applied_record(variant):
    def put(world, seq, entry):
        if world.records[entry.key][1] > seq and variant != "unversioned apply":
            return world
        return world._replace(records=_put(world.records, entry.key, (entry.after, seq)))

    return put


def _put(values, at, new):
    return (*values[:at], new, *values[at + 1 :])


def replayed(world, upto):
    """The records that the log up to there makes; None where it has a hole or an entry does not follow."""
    state = [None] * len(KEYS)
    for entry in world.log[:upto]:
        if entry is None or state[entry.key] != entry.before:
            return None
        state[entry.key] = entry.after
    return None if len(world.log) < upto else tuple(state)


def fault(before, world):
    """What this step broke, or None."""
    if world.log[: before.watermark] != before.log[: before.watermark]:
        return "a committed log entry changed"
    if replayed(world, world.watermark) is None:
        return "the committed log does not replay"
    at_applied = replayed(world, world.applied)
    for key, (value, seq) in enumerate(world.records):
        if seq > world.watermark:
            return "a record holds an uncommitted change"
        if seq <= world.applied and value != at_applied[key]:
            return "a record is not what the log says"
        if value != replayed(world, seq)[key]:
            return "a record is not what the log says at its own sequence"
    return None


def lost(world, variant):
    """What one more writer, undisturbed, does not put right; or None."""
    world = world._replace(writers=(Writer(), Writer()), edits=0, deaths=0, leases=1)
    while True:
        following = [w for name, w in moves(world, variant) if w.writers[1] == Writer() and "lost" not in name]
        if not following:
            break
        world = following[0]
    if tuple(value for value, _ in world.records) != world.source:
        return "at rest the records are not the source"
    if replayed(world, world.watermark) != world.source:
        return "at rest the log does not replay to the source"
    return None


def explore(variant=None, **budget):
    """(states, None) if everything holds, else (states, what broke, the way there)."""
    start = World((1, None), ((None, 0), (None, 0)), ())._replace(**budget)
    came, found, settled = {start: None}, deque([start]), set()
    while found:
        world = found.popleft()
        rest = world[:6]
        if rest not in settled:
            settled.add(rest)
            if why := lost(world, variant):
                return len(came), why, _way(came, world)
        for name, after in moves(world, variant):
            if after in came:
                continue
            came[after] = (world, name)
            if why := fault(world, after):
                return len(came), why, _way(came, after)
            found.append(after)
    return len(came), None, []


def _way(came, world):
    way = []
    while came[world]:
        world, name = came[world]
        way.append(name)
    return way[::-1]


if __name__ == "__main__":
    asked = sys.argv[1] if len(sys.argv) > 1 else None
    states, why, way = explore(asked)
    print(f"{asked or 'the protocol'}: {states} states, {why or 'holds'}", *way, sep="\n    ")
    sys.exit(bool(why))
