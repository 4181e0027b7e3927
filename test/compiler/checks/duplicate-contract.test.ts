import { check } from "./check.ts";

check(
  "duplicate-contract",
  [
    {
      title: "two ids",
      text: 'contract A "x" {\n  before every test {\n    first:\n      each day, the operator must acknowledge "x"\n  }\n}\ncontract B "x" {\n  before every test {\n    first:\n      each day, the operator must acknowledge "x"\n  }\n}\n',
    },
  ],
  [
    {
      title: "one id twice",
      text: 'contract A "x" {\n  before every test {\n    first:\n      each day, the operator must acknowledge "x"\n  }\n}\ncontract A "again" {\n  before every test {\n    first:\n      each day, the operator must acknowledge "x"\n  }\n}\n',
      on: "again",
    },
  ],
);
