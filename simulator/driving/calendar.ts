const minuteMs = 60_000;
const dayMs = 86_400_000;
const yearDays = 365.25;
/** The northern hemisphere is warmest a month after midsummer: day 202 of the year, counted from 1970-01-01. */
const warmestDay = 202;
const warmestHour = 15;

// A fleet's cars live at about the same time: one cosine a minute does for all of them.
let minute = Number.NaN;
let ofDay = 0;
let day = Number.NaN;
let ofYear = 0;

/** From -1 at 03:00 to 1 at 15:00 of the car's clock, in steps of a minute. */
export function hourOfDay(simTime: number): number {
  const now = Math.floor(simTime / minuteMs);
  if (now !== minute) {
    minute = now;
    ofDay = Math.cos((now / 1440 - warmestHour / 24) * 2 * Math.PI);
  }
  return ofDay;
}

/** From -1 in the coldest days of January to 1 in the warmest of July, in steps of a day. */
export function seasonOfYear(simTime: number): number {
  const now = Math.floor(simTime / dayMs);
  if (now !== day) {
    day = now;
    ofYear = Math.cos(((now - warmestDay) / yearDays) * 2 * Math.PI);
  }
  return ofYear;
}
