import { check } from "./check.ts";

check(
  "test-unknown-condition",
  [
    {
      title: "a known condition",
      members: ['test "x" {', "  at 2026-02-28 09:00 in America/Chicago", "  expect blocked by named", "}"],
    },
  ],
  [
    {
      title: "a misspelt one",
      members: ['test "x" {', "  at 2026-02-28 09:00 in America/Chicago", "  expect blocked by name", "}"],
      on: "blocked by name",
      message: "named",
    },
  ],
);
