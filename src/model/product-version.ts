/** As `package.json` says it; a test holds the two together, since a pure room reads no file. */
export const PRODUCT_VERSION = "0.1.0";
