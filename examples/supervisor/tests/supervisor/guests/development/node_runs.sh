cat >s.js <<'X'
const fs = require("fs"), cp = require("child_process");
fs.writeFileSync("f", "x".repeat(1e5));
console.log(fs.readFileSync("f").length, fs.statSync("f").size);
const d = fs.openSync("f", "r+");
fs.writeSync(d, "abc", 2);
const read = fs.readSync(d, Buffer.alloc(5), 0, 5, 1);
console.log(read, cp.execSync("cat f | wc -c").toString().trim());
fs.closeSync(d);
const list = l => console.log(l.sort().join(), fs.statSync("g").size);
const g = fs.createReadStream("f").pipe(fs.createWriteStream("g"));
g.on("finish", () => fs.promises.readdir(".").then(list));
X
node s.js
