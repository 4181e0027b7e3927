import { check } from "./check.ts";

check(
  "syntax",
  [
    {
      title: "a limit",
      declarations: ["uv is measured in uW/cm2, plausible from 0 to 100000"],
      clauses: ["each day, uv must be at least 1000 uW/cm2"],
    },
  ],
  [
    {
      title: "an operator",
      declarations: ["uv is measured in uW/cm2, plausible from 0 to 100000"],
      clauses: ["each day, uv must be == 1000 uW/cm2"],
      on: "==",
    },
    { title: "half a month", clauses: ["the meter must be calibrated every 1.5 months"], on: "1.5" },
    { title: "no time at all", clauses: ["the meter must be calibrated every 0 days"], on: "0 days" },
    {
      title: "a negative guard band",
      declarations: ["uv is measured in uW/cm2, plausible from 0 to 100000"],
      clauses: ["each day, uv must be at least 1000 uW/cm2, guarded by -5 uW/cm2"],
      on: "-5",
    },
    {
      title: "a day that does not exist",
      members: ['test "x" {', "  at 2026-02-29 09:00 in America/Chicago", "  expect blocked", "}"],
      on: "02-29",
    },
    { title: "a test without an instant", members: ['test "x" {', "  expect blocked", "}"], on: "test" },
    {
      title: "a test that expects nothing",
      members: ['test "x" {', "  at 2026-02-28 09:00 in America/Chicago", "}"],
      on: "test",
    },
  ],
);
