import { defineConfig } from "vitest/config";

// Two projects, so that the quick tests answer first and real processes do not compete with them for the processors.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: ["test/e2e/**", "test/clients/**", "test/faults/**", "test/package.test.ts"],
          testTimeout: 20_000,
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
          testTimeout: 120_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
