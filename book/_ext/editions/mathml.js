// TeX to MathML by the MathJax that the site has: a line of JSON in, { tex, display }; a line out, { mathml } or { error }.
const { createInterface } = require("node:readline");

const formatError = (_, error) => { throw error; };
const options = {
  loader: { load: ["input/tex", "adaptors/liteDOM"] },
  tex: { formatError, packages: { "[-]": ["noundefined"] } }, // which would print an unknown command in red
};

require(process.argv[2]).init(options).then((MathJax) => {
  createInterface({ input: process.stdin }).on("line", (line) => {
    const { tex, display } = JSON.parse(line);
    let answer;
    try {
      answer = { mathml: MathJax.tex2mml(tex, { display }) };
    } catch (error) {
      answer = { error: error.message };
    }
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  });
});
