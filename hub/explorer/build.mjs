// Bundles src/ into built/: assets whose names carry the hash of their content, and the page that names them.
// Written beside and renamed at the end, so that a build that fails leaves the one before it.
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import esbuild from "esbuild";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

// GraphiQL's style sheet carries Latin fonts as data: addresses. The system's own fonts also have Chinese, and without
// data: fonts the page's Content-Security-Policy needs no exception for them.
const systemFonts = {
  name: "system-fonts",
  setup(build) {
    build.onLoad({ filter: /graphiql[\\/]dist[\\/]style\.css$/ }, async ({ path }) => {
      const css = await readFile(path, "utf8");
      return { contents: css.replaceAll(/@font-face\s*\{[^}]*\}/g, ""), loader: "css" };
    });
  },
};

await rm(here("built.part"), { recursive: true, force: true });
const { metafile } = await esbuild.build({
  entryPoints: [here("src/main.tsx")],
  outdir: here("built.part/assets"),
  entryNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  bundle: true,
  splitting: true,
  minify: true,
  metafile: true,
  format: "esm",
  target: "es2022",
  jsx: "automatic",
  legalComments: "eof",
  define: { "process.env.NODE_ENV": '"production"' },
  plugins: [systemFonts],
});

const [script, output] = Object.entries(metafile.outputs).find(([, one]) => one.entryPoint?.endsWith("src/main.tsx"));
const page = (await readFile(here("page.html"), "utf8"))
  .replace("{script}", `/explorer/assets/${basename(script)}`)
  .replace("{style}", `/explorer/assets/${basename(output.cssBundle)}`);
await writeFile(here("built.part/page.html"), page);
await rm(here("built"), { recursive: true, force: true });
await rename(here("built.part"), here("built"));
