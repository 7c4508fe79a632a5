import { defineConfig } from "vite";

export default defineConfig({
  // Relative addresses let the collector serve the page under any prefix.
  base: "./",
  build: {
    // The Rust build points this at its own output directory, so that the source tree stays clean.
    outDir: process.env.ZHILIAN_WEB_OUT ?? "dist",
    emptyOutDir: true,
    target: "es2022",
    // Every asset stays a file: the content security policy then needs no `data:` beyond MapLibre's own.
    assetsInlineLimit: 0,
    // MapLibre's licence asks that its notice goes wherever the code goes, the collector's binary included.
    license: { fileName: "licenses.txt" },
    // MapLibre alone is about 1 MB; a warning at every build would only teach people to ignore warnings.
    chunkSizeWarningLimit: 1500,
  },
});
