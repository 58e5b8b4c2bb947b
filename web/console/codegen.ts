import type { CodegenConfig } from '@graphql-codegen/cli';

// The types of every query of the console come from the schema that the server is made of.
const config: CodegenConfig = {
  schema: ['../../graph/schema/*.graphql'],
  documents: ['src/**/*.{ts,tsx}', '!src/gql/**'],
  generates: {
    './src/gql/definitions.ts': { plugins: ['./definitions.cjs'] },
    './src/gql/': {
      preset: 'client',
      presetConfig: { fragmentMasking: false },
      config: {
        useTypeImports: true,
        enumsAsTypes: true,
        strictScalars: true,
        scalars: { Date: 'string', Time: 'string', Int64: 'number', JSON: 'unknown' },
      },
    },
  },
};

export default config;
