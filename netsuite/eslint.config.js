const js = require('@eslint/js');
const globals = require('globals');

const rules = {
    ...js.configs.recommended.rules,
    'no-var': 'error',
    'prefer-const': 'error',
    eqeqeq: 'error',
    'no-shadow': 'error',
    'no-use-before-define': 'error',
    'no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
    'max-len': ['error', { code: 130 }],
    'max-lines': ['error', 300],
    complexity: ['error', 12],
};

module.exports = [
    { ignores: ['node_modules/**', 'coverage/**'] },
    {
        // SuiteScript 2.1: ES2023 without Node or browser globals. `log` and `util` are NetSuite's own.
        files: ['src/FileCabinet/**/*.js'],
        languageOptions: {
            ecmaVersion: 2023,
            sourceType: 'script',
            globals: { define: 'readonly', require: 'readonly', log: 'readonly', util: 'readonly' },
        },
        rules: { ...rules, 'no-restricted-globals': ['error', 'fetch', 'URLSearchParams', 'process', 'Buffer'] },
    },
    {
        // The one script that runs in a browser.
        files: ['src/FileCabinet/**/cs_*.js'],
        languageOptions: { globals: { window: 'readonly', setTimeout: 'readonly' } },
    },
    {
        files: ['*.config.js', '__tests__/**/*.js', 'tools/**/*.js'],
        languageOptions: { ecmaVersion: 2023, sourceType: 'commonjs', globals: { ...globals.node, ...globals.jest } },
        rules: { ...rules, 'max-lines': 'off' },
    },
    {
        files: ['**/*.mjs'],
        languageOptions: { ecmaVersion: 2023, sourceType: 'module', globals: globals.node },
        rules: { ...rules, 'max-lines': 'off' },
    },
];
