import { defineConfig } from "eslint/config";
import tseslint from "typescript-eslint";

// Types are tsc's business; these rules find what it lets through. Promises that nobody awaits need the types as well.
export default defineConfig({ ignores: ["node_modules/", ".lab/", "rendered/"] }, tseslint.configs.recommended, {
  languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
  rules: {
    "@typescript-eslint/no-floating-promises": "error",
    "@typescript-eslint/no-misused-promises": ["error", { checksVoidReturn: { arguments: false, attributes: false } }],
    "@typescript-eslint/no-non-null-assertion": "error",
    "@typescript-eslint/consistent-type-assertions": ["error", { assertionStyle: "never" }],
    "@typescript-eslint/switch-exhaustiveness-check": "error",
    "@typescript-eslint/no-unused-vars": ["error", { varsIgnorePattern: "^_$", argsIgnorePattern: "^_$" }],
    eqeqeq: "error",
    "no-warning-comments": "error",
  },
});
