import { dayNumber, daysInMonth, printDate } from "../base/civil-time.ts";

/** Reads dates of one written form and no other. */
export interface DateForm {
  /** `2001-01-31`, or undefined for what is not written in this form or no day of the calendar. */
  readonly read: (text: string) => string | undefined;
}

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const PARTS: { readonly [part: string]: string } = {
  YYYY: "(?<year>\\d{4})",
  MMM: `(?<month>${MONTHS.join("|")})`,
  MM: "(?<month>\\d{2})",
  M: "(?<month>\\d{1,2})",
  DD: "(?<day>\\d{2})",
  D: "(?<day>\\d{1,2})",
};
const PART = /YYYY|MMM|MM|M|DD|D/g;
const FORM = /^(?:YYYY|MMM|MM|M|DD|D)(?:[-/. ](?:YYYY|MMM|MM|M|DD|D)){2}$/;

/**
 * A form such as `M/D/YYYY`, `DD.MM.YYYY` or `DD-MMM-YYYY`: M and D take one digit or two, MM and DD two, MMM the first
 * three letters of the English month. Undefined for anything else; a year of two digits is a guess and not offered.
 */
export function dateForm(text: string): DateForm | undefined {
  if (!FORM.test(text)) return undefined;
  const kinds = (text.match(PART) ?? []).map((part) => part[0]);
  if (new Set(kinds).size !== 3) return undefined;
  const escaped = text.replace(/[./]/g, "\\$&");
  const pattern = new RegExp(`^${escaped.replace(PART, (part) => PARTS[part] ?? "")}$`, "i");
  return {
    read: (written) => {
      const found = pattern.exec(written)?.groups;
      if (found === undefined) return undefined;
      const { year = "", month = "", day = "" } = found;
      const named = MONTHS.indexOf(month.toLowerCase());
      const [y, m, d] = [Number(year), named >= 0 ? named + 1 : Number(month), Number(day)];
      if (m < 1 || m > 12 || d < 1 || d > daysInMonth(y, m)) return undefined;
      return printDate(dayNumber(y, m, d));
    },
  };
}
