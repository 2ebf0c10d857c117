// The whole chart library, which needs no parts to be registered.
module.exports = { ...require('echarts'), use: () => undefined };
