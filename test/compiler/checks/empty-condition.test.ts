import { check } from "./check.ts";

check(
  "empty-condition",
  [{ title: "a condition with a clause" }],
  [{ title: "a condition without", members: ["before every test {", "  hollow:", "}"], on: "hollow" }],
);
