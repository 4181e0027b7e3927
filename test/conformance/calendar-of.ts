import { zoneFromIntl } from "../../src/disk/zone-from-intl.ts";
import { openPlantCalendar, type PlantCalendar } from "../../src/model/plant-calendar.ts";

const calendars = new Map<string, PlantCalendar>();

/** A zone's calendar, opened once: the tests ask for the same few many thousand times. */
export function calendarOf(zone: string): PlantCalendar {
  const known = calendars.get(zone);
  if (known !== undefined) return known;
  const data = zoneFromIntl(zone);
  if (data === undefined) throw new Error(`this Node knows no ${zone}`);
  const opened = openPlantCalendar(data);
  calendars.set(zone, opened);
  return opened;
}
