/** A penetrant line: nearly every form of the language in one contract. */
function line(index: number): string {
  const id = `LINE-${index}`;
  const limit = 900 + (index % 300);
  const months = 3 + (index % 18);
  const psi = 20 + (index % 20);
  return `/// Readiness of line ${index}, each day before parts are tested.
contract ${id} "Daily readiness of line ${index}" {
  for every line-${index} station
  following "ASTM E1417-21", "QP-820-F${index} revision A"

  lamp             is a uv-a-lamp, by default "UV Light ${index}"
  light-meter      is a radiometer, by default "Light Meter ${index}"
  thermometer      is a digital-thermometer, by default "Therm-${index}"
  wrench           is a torque-wrench, by default "TW-${index}"
  oven             is a drying-oven, by default "OVEN-${index}"
  penetrant        is a material, by default "penetrant ZP-${index}"
  uv-intensity     is measured in uW/cm2, plausible from 0 to 100000
  ambient-light    is measured in fc
  rinse-pressure   is measured in psi, plausible from 0 to 200
  process-heat     is measured in K
  air-heat         is measured in K
  heat-dissipation is process-heat minus air-heat

  before every fluorescent-inspection test {
    must-calibrate-before-test:
      the light-meter must be calibrated every ${months} months, warn 30 days before
      the thermometer must be calibrated every ${100 + (index % 90)} days,
        with each reference standard calibrated within 12 months of its use,
        may be extended by at most 14 days, approved by QA
      the wrench must be calibrated every 12 months or ${4000 + index} cycles, whichever comes first,
        warn 250 cycles before

    not-abused:
      the wrench must not have been dropped or overloaded since its calibration
        because "more than 125 % of its range voids the certificate"

    lamp-warmed-up:
      the lamp must have been on for at least ${5 + (index % 20)} minutes

    uv-intensity-each-day:
      each day, uv-intensity read with the light-meter must be at least ${limit} uW/cm2
        because "ASTM E1417: ${limit} uW/cm2 at 15 inches from the lamp"
      for order "PO-${index}", each day, uv-intensity must be at least ${limit + 200} uW/cm2

    ambient-light-each-day:
      each shift, ambient-light read with the light-meter must be at most 2 fc

    rinse:
      every 8 hours, rinse-pressure must be between ${psi} and ${psi + 15} psi, guarded by 1 psi,
        settled for at least 5 minutes

    heat-is-carried-away:
      from the latest readings, heat-dissipation must be at least 8.6 K

    oven-serviced:
      the oven must be serviced every ${400 + index} use-hours, warn 25 use-hours before,
        with enough left for the whole test
      the oven must be in service, never overridable
      the oven must be checked before and after each use

    shelf-life:
      the penetrant must be within its shelf life, used within 6 months of opening

    materials-acknowledged:
      each shift, the operator must acknowledge "materials of line ${index} checked"
      each week, the lamp must be checked: "filter clean", "no cracks", "all LEDs lit"
      // A battery runs down within a shift.
      when the lamp is battery-powered, each shift, uv-intensity should be at least ${limit + 50} uW/cm2
  }

  QA and Supervisor together may override calibration.overdue for at most 8 hours

  when blocked, tell supervisor with severity high, and after 15 minutes tell plant-manager

  test "a lapsed light meter blocks line ${index}" {
    at 2026-11-24 09:00 in America/Chicago
    shifts start at 06:00, 14:00, 22:00
    operator is "STF-1"
    light-meter was calibrated on 2024-11-23 with result pass
    lamp has been on for 30 minutes
    uv-intensity reads 1500 uW/cm2 at 06:20 with light-meter
    wrench has run 480 cycles since its calibration
    penetrant expires on 2027-03-31, opened on 2026-10-01
    oven is in service
    "materials of line ${index} checked" was acknowledged by "STF-1" at 06:05
    expect blocked by must-calibrate-before-test
    expect reason calibration.overdue of light-meter
  }
}
`;
}

/** A thermal chamber, serviced by use. */
const chamber = (index: number): string => `contract CHAMBER-${index} "Thermal chamber ${index}, serviced by use" {
  for every chamber-${index} station
  following "AMS2750"

  chamber     is a thermal-chamber, by default "CH-${index}"
  thermometer is a digital-thermometer, by default "Therm-${index}"
  oven-heat   is measured in degC, plausible from -80 to 400

  before every test {
    chamber-serviced:
      the chamber must be serviced every ${400 + (index % 200)} use-hours, warn 25 use-hours before,
        with enough left for the whole test
      the chamber must be in service

    must-calibrate-before-test:
      the thermometer must be calibrated every ${90 + (index % 100)} days, warn 14 days before

    warm-enough:
      each shift, oven-heat read with the thermometer must be between ${100 + (index % 50)} and 180 degC
        because "AMS2750: soak within the qualified range"
  }

  test "an exhausted chamber blocks" {
    at 2026-11-24 09:00 in America/Chicago
    chamber has run 700 use-hours since its service
    expect blocked by chamber-serviced
  }
}
`;

/** A torque wrench. */
const wrench = (index: number): string => `contract WRENCH-${index} "Click-type torque wrench ${index}" {
  for every bench-${index} station
  following "ISO 6789"

  wrench is a torque-wrench, by default "TW-${index}"

  before every test {
    must-calibrate-before-test:
      the wrench must be calibrated every 12 months or ${4000 + (index % 1000)} cycles, whichever comes first,
        warn 250 cycles before

    not-abused:
      the wrench must not have been dropped or overloaded since its calibration
        because "more than 125 % of its range voids the certificate"
  }

  Supervisor may override calibration.overdue for at most ${2 + (index % 6)} hours
}
`;

/** A magnetic particle bench. */
const bench = (index: number): string => `/// Bath, light and current of a wet bench.
contract BENCH-${index} "Wet magnetic particle bench ${index}" {
  for every magnetic-particle-${index} station
  following "ASTM E1444"

  bench                  is a magnetic-bench, by default "MT-${index}"
  light-meter            is a radiometer, by default "Light Meter ${index}"
  particle-concentration is measured in mL/100mL
  uv-intensity           is measured in uW/cm2, plausible from 0 to 100000

  before every test {
    bath-concentration:
      every 8 hours, particle-concentration must be between 0.1 and 0.4 mL/100mL,
        settled for at least 60 minutes

    uv-intensity-each-day:
      each day, uv-intensity read with the light-meter must be at least ${1000 + (index % 200)} uW/cm2

    must-calibrate-before-test:
      the light-meter must be calibrated every ${3 + (index % 9)} months
      the bench must be checked before and after each use

    bath-stirred:
      each shift, two people must acknowledge "bath of bench ${index} stirred"
  }

  when blocked, tell supervisor with severity high
}
`;

const shapes = [line, chamber, wrench, bench];

/**
 * Contracts as a plant writes them, made from a number: one in four is a whole line, the others are as small as most are, so
 * that they are as long as the shipped ones on average. No two bind the same station type; all of them compile together.
 */
export function contractText(index: number): string {
  return (shapes[index % shapes.length] ?? line)(index);
}

/** One text of so many contracts. */
export function contractsText(count: number): string {
  return Array.from({ length: count }, (_, index) => contractText(index)).join("\n");
}
