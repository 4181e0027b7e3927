import { check } from "./check.ts";

check(
  "override-unknown-reason",
  [{ title: "a known reason", members: ["QA may override calibration.overdue for at most 8 hours"] }],
  [
    {
      title: "a misspelt reason",
      members: ["QA may override calibration.overdu for at most 8 hours"],
      on: "overdu",
      message: "calibration.overdue",
    },
    { title: "a reason of the node", members: ["QA may override clock.went-back for at most 8 hours"], on: "clock" },
    { title: "a warning", members: ["QA may override calibration.due-soon for at most 8 hours"], on: "due-soon" },
  ],
);
