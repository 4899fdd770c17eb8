// TeX set by MathJax: a line of JSON in, { tex, display }; a line out, { chtml, mathml } or { error }.
// The first line out holds the style of all that it can set.
const { createInterface } = require("node:readline");

const formatError = (_, error) => { throw error; };
const options = {
  loader: { load: ["input/tex", "output/chtml", "adaptors/liteDOM"] },
  tex: { formatError, packages: { "[-]": ["noundefined"] } }, // which would print an unknown command in red
  chtml: { adaptiveCSS: false, fontURL: "fonts" },
  startup: { typeset: false },
};
const answer = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

require(process.argv[2]).init(options).then((MathJax) => {
  const { adaptor } = MathJax.startup;
  answer({ style: adaptor.textContent(MathJax.chtmlStylesheet()) });
  createInterface({ input: process.stdin }).on("line", (line) => {
    const { tex, display } = JSON.parse(line);
    try {
      const chtml = adaptor.outerHTML(MathJax.tex2chtml(tex, { display }));
      answer({ chtml, mathml: MathJax.tex2mml(tex, { display }) });
    } catch (error) {
      answer({ error: error.message });
    }
  });
});
