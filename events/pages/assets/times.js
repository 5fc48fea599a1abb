// Moments in the visitor's own time zone and language. Without this, pages show them in UTC.

const DAY = { weekday: "long", day: "numeric", month: "long", year: "numeric" };
const HOUR = { hour: "2-digit", minute: "2-digit", timeZoneName: "short" };
const span = new Intl.DateTimeFormat(undefined, { ...DAY, ...HOUR });
const short = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

export function localSpan(from, until) {
  return span.formatRange(new Date(from), new Date(until));
}

export function shortMoment(text) {
  return text ? short.format(new Date(text)) : "";
}

// Every <time> below `root`: those of class "span" have an end too.
export function localTimes(root = document) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const from = new Date(time.dateTime);
    const until = time.dataset.end && new Date(time.dataset.end);
    time.textContent = until ? span.formatRange(from, until) : span.format(from);
    time.title = from.toISOString().replace("T", " ").slice(0, 16) + " UTC";
  }
}

export function countdown(milliseconds) {
  const left = Math.max(0, Math.ceil(milliseconds / 1000));
  const [days, hours, minutes] = [Math.floor(left / 86400), Math.floor(left / 3600) % 24, Math.floor(left / 60) % 60];
  const two = (number) => String(number).padStart(2, "0");
  const clock = `${two(hours)}:${two(minutes)}:${two(left % 60)}`;
  return days ? `${days} day${days > 1 ? "s" : ""} ${clock}` : clock;
}
