// The licences of the project go into the package: vsce takes one file, from beside package.json.
import { readFileSync, writeFileSync } from "node:fs";

const [mit, apache] = ["MIT", "APACHE"].map((name) => readFileSync(`../../LICENSE-${name}`, "utf8"));
writeFileSync("LICENSE", `At your choice the MIT or the Apache licence, version 2.0.\n\n${mit}\n\n${apache}`);
