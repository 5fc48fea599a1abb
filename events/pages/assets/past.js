// What happened in the last hours, as the service has it in steps, made into samples for charts.

// A sample at the end of each step, the oldest first. Where nothing was decided there is no step: nothing happened then,
// and the line stays where it was. Counts of all time are known now, so they are counted back from the end.
export function samplesOf({ step_seconds: seconds, steps, rejected, cancelled, expired }, now) {
  const length = seconds * 1000;
  const counts = { rejected: { ...rejected }, cancelled, expired };
  const found = [];
  let later = now;
  for (const step of steps.toReversed()) {
    const began = Date.parse(step.at);
    const ended = Math.min(began + length, now);
    const sample = { ...levels(step), ...structuredClone(counts), ...rates(step, seconds) };
    // Up to the step after it.
    if (later - ended > length / 2) found.unshift({ ...sample, ...STILL, at: ended + 1 }, { ...sample, ...STILL, at: later - 1 });
    found.unshift({ ...sample, at: ended });
    later = began;
    countBack(counts, step.decided);
  }
  return found;
}

const STILL = { admitted_per_second: 0, decided_per_second: 0 };

function levels({ queued, confirmed, held, waitlisted, ticket_types: types }) {
  return { queued, confirmed, held, waitlisted, types: new Map(types.map((one) => [one.id, one])) };
}

export const sumOf = (decided) => Object.values(decided).reduce((sum, value) => sum + value, 0);

function rates({ admitted, decided }, seconds) {
  return { admitted_per_second: admitted / seconds, decided_per_second: sumOf(decided) / seconds };
}

function countBack(counts, decided) {
  const before = (value, name) => Math.max(0, value - (decided[name] ?? 0));
  for (const reason of Object.keys(counts.rejected)) counts.rejected[reason] = before(counts.rejected[reason], reason);
  counts.cancelled = before(counts.cancelled, "cancelled");
  counts.expired = before(counts.expired, "expired");
}

// The sample of this moment, from what the service counts now and from the event.
export function sampleOf(stats, event, now) {
  const types = event.ticket_types.map(({ id, confirmed_count: confirmed, held_count: held, waitlisted_count: waitlisted }) => [id, { taken: confirmed + held, waitlisted }]);
  return { ...stats, steps: undefined, at: now, types: new Map(types) };
}
