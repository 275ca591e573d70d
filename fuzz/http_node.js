// SPDX-License-Identifier: MIT
// usage: node http_node.js PROGRAM FOLDER...
//
// The second oracle: Node's own parser (llhttp). PROGRAM is http_transcripts. What our
// parser understood of a file in one of the folders, Node must understand in the same
// way, message for message; it may refuse nothing of it. Exit 1 if they differ anywhere,
// 77 (skipped) if this Node does not let one at its parser.
'use strict';
const fs = require('fs');
const path = require('path');
const { execFileSync } = require('child_process');

let common;
try {
    common = require('_http_common');
    if (!common.HTTPParser.kOnExecute) throw new Error('no parser');
} catch (error) {
    console.log(`skipped: ${error.message}`);
    process.exit(77);
}
const { HTTPParser, methods } = common;

const latin1 = (text) => Buffer.from(text, 'latin1');
const trim = (text) => text.replace(/^[ \t]+|[ \t]+$/g, '');

// The same lines as http_transcript.c writes.
function transcript(data) {
    const parts = [];
    let body = [], fields = [], target = '', inHead = true, upgrade = false, last = 0;
    const line = (word, text) => parts.push(latin1(`${word} ${text}\n`));
    const flush = () => {
        const all = Buffer.concat(body);
        if (all.length > 0) parts.push(latin1(`body ${all.length} `), all, latin1('\n'));
        body = [];
    };
    const parser = new HTTPParser();
    parser.initialize(HTTPParser.REQUEST, {}, 1 << 20, 0);
    parser[HTTPParser.kOnMessageBegin] = () => { fields = []; target = ''; inHead = true; };
    parser[HTTPParser.kOnHeaders] = (more, url) => {
        if (!inHead) return; // trailers
        fields.push(...more);
        target += url;
    };
    parser[HTTPParser.kOnHeadersComplete] =
        (major, minor, more, method, url, status, message, upgraded) => {
            if (more) fields.push(...more);
            if (url) target += url;
            line('method', typeof method === 'number' ? methods[method] : method);
            line('target', target);
            for (let i = 0; i < fields.length; i += 2)
                line('field', `${fields[i]}=${trim(fields[i + 1])}`);
            line('head', `${major}.${minor}`);
            inHead = false;
            upgrade = upgraded;
            last = minor;
            return 0;
        };
    parser[HTTPParser.kOnBody] = (chunk) => { body.push(Buffer.from(chunk)); };
    parser[HTTPParser.kOnMessageComplete] = () => { flush(); parts.push(latin1('end\n')); };
    const result = parser.execute(data);
    flush();
    const error = result instanceof Error ? result.code : null;
    parser.close();
    return { text: Buffer.concat(parts), error, upgrade, last };
}

function differs(file, understood, ours) {
    const data = fs.readFileSync(file).subarray(0, understood);
    const theirs = transcript(data);
    // RFC 9110 has blanks and tabs behind a value; for Node only blanks are behind a length.
    const tab = theirs.error === 'HPE_INVALID_CONTENT_LENGTH' &&
        /^content-length:[^\r\n]*\d[ \t]*\t[ \t]*\r?$/im.test(data.toString('latin1'));
    const noOpinion = tab || theirs.error === 'HPE_INVALID_METHOD' || theirs.upgrade ||
        (theirs.error === 'HPE_CLOSED_CONNECTION' && theirs.last === 0);
    if (noOpinion) return false;
    if (!theirs.error && theirs.text.equals(ours)) return false;
    console.log(`${file}: ${theirs.error ?? 'understood differently'}`);
    console.log(`---- ours\n${ours.toString('latin1')}---- Node's\n` +
        `${theirs.text.toString('latin1')}----`);
    return true;
}

const [program, ...folders] = process.argv.slice(2);
const files = folders.filter((folder) => fs.existsSync(folder))
    .flatMap((folder) => fs.readdirSync(folder).map((name) => path.join(folder, name)));
let different = 0, compared = 0;
for (let i = 0; i < files.length; i += 500) {
    const some = files.slice(i, i + 500);
    const lines = execFileSync(program, some, { maxBuffer: 1 << 30 }).toString().split('\n');
    some.forEach((file, j) => {
        const [understood, hex] = lines[j].split(' ');
        if (Number(understood) === 0) return;
        compared++;
        if (differs(file, Number(understood), Buffer.from(hex, 'hex'))) different++;
    });
}
console.log(`${files.length} files, ${compared} understood by us, ${different} differ`);
process.exit(different > 0 || compared === 0 ? 1 : 0);
