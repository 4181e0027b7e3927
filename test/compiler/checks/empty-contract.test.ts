import { check } from "./check.ts";

check(
  "empty-contract",
  [{ title: "a contract with a clause" }],
  [{ title: "a contract without", text: 'contract A "x" {\n  for every station\n}\n', on: "contract A" }],
);
