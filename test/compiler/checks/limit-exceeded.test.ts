import { check } from "./check.ts";

const named = (id: string) =>
  `contract ${id} "x" {\n  before every test {\n    first:\n      each day, the operator must acknowledge "x"\n  }\n}\n`;

check(
  "limit-exceeded",
  [
    { title: "ten thousand years", clauses: ["the meter must be calibrated every 10000 years"] },
    { title: "an id of 64 characters", text: named("A".repeat(64)) },
    { title: "an id that begins like a device", text: named("CON-1") },
  ],
  [
    { title: "a longer time", clauses: ["the meter must be calibrated every 10001 years"], on: "10001" },
    {
      title: "a number of 41 digits",
      declarations: ["uv is measured in uW/cm2, plausible from 0 to 100000"],
      clauses: ["each day, uv must be at most 1000.1111111111111111111111111111111111111 uW/cm2"],
      on: "at most",
    },
    { title: "an id of 65 characters", text: named("A".repeat(65)), on: "contract" },
    { title: "a device of Windows", text: named("COM1"), on: "contract COM1", message: "is a device" },
  ],
);
