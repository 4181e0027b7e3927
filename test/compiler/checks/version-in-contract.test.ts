import { check } from "./check.ts";

check(
  "version-in-contract",
  [
    {
      title: "an equipment called version",
      declarations: ["version is a radiometer"],
      clauses: ["the version must be in service"],
    },
  ],
  [{ title: "a version", declarations: ['version "1.2"', "meter is a radiometer"], on: "version" }],
);
