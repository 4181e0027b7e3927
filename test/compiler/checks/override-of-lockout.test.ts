import { check } from "./check.ts";

check(
  "override-of-lockout",
  [{ title: "another reason", members: ["QA may override equipment.not-in-service for at most 8 hours"] }],
  [{ title: "a lock-out", members: ["QA may override equipment.locked-out for at most 8 hours"], on: "locked-out" }],
);
