import { check } from "./check.ts";

check(
  "duplicate-name",
  [
    {
      title: "a condition called as an equipment",
      members: ["before every test {", "  meter:", "    the meter must be in service", "}"],
    },
  ],
  [
    { title: "two equipments", declarations: ["meter is a radiometer", "meter is a lamp"], on: "a lamp" },
    {
      title: "two conditions",
      members: ["before every test {", "  named: the meter must be in service", "}"],
      on: "in service",
    },
    {
      title: "a quantity called as an equipment",
      declarations: ["meter is a radiometer", "meter is measured in fc"],
      on: "in fc",
    },
  ],
);
