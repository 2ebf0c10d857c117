// A busy machine takes longer than a second to draw a large table without a browser.
const { configure } = require('@testing-library/dom');

configure({ asyncUtilTimeout: 10000 });
