// Read by the SuiteCloud CLI (`suitecloud project:deploy`): nothing is deployed whose tests fail.
const TestRunner = require('@oracle/suitecloud-unit-testing/services/SuiteCloudJestUnitTestRunner');

const runTests = async (args) => {
    await TestRunner.run({});
    return args;
};

module.exports = {
    defaultProjectFolder: 'src',
    commands: {
        'project:deploy': { beforeExecuting: runTests },
    },
};
