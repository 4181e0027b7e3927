import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

// Only what hangs is ended by it: a machine that is busy may take ten times as long, and no test measures time.
const PATIENCE = { testTimeout: 120_000, hookTimeout: 120_000 } as const;

// Two projects, so that the quick tests answer first and real processes do not compete with them for the processors.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: ["test/e2e/**", "test/clients/**", "test/faults/**", "test/package.test.ts"],
          // Every processor: one is left idle otherwise, and on a machine of two that is half of it.
          maxWorkers: availableParallelism(),
          sequence: { groupOrder: 0 },
          ...PATIENCE,
        },
      },
      {
        test: {
          name: "e2e",
          include: [
            "test/e2e/**/*.test.ts",
            "test/clients/**/*.test.ts",
            "test/faults/**/*.test.ts",
            "test/package.test.ts",
          ],
          ...PATIENCE,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
