// Writes the tests of the suites named below, one flat JSON list, from the npm package of the
// language's own conformance data: `node write_tests.js FILE`. FILE is replaced at once or not at all.

import { renameSync, writeFileSync } from "node:fs";
import process from "node:process";
import { tests } from "@bufbuild/cel-spec/testdata/conformance.js";

const SUITES = [
  "basic",
  "comparisons",
  "conversions",
  "fields",
  "fp_math",
  "integer_math",
  "lists",
  "logic",
  "macros",
  "namespace",
  "parse",
  "plumbing",
  "string",
  "timestamps",
];

// Messages, enums and wrappers are no part of the profile.
const LEFT_OUT = /TestAllTypes|NullValue|google\.protobuf\.(?!Timestamp|Duration)/;

const flat = tests.suites
  .filter((suite) => SUITES.includes(suite.name))
  .flatMap((suite) =>
    suite.suites.flatMap((section) =>
      section.tests
        .map((test) => test.original)
        .filter((original) => !LEFT_OUT.test(JSON.stringify(original)))
        .map((original) => ({
          ...original,
          id: `${suite.name}/${section.name}/${original.name}`,
          suite: suite.name,
        })),
    ),
  );

const file = process.argv[2];
const unfinished = `${file}.${process.pid}`;
writeFileSync(unfinished, JSON.stringify(flat));
renameSync(unfinished, file);
