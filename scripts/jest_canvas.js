// jsdom has no canvas, and complains at each use: there is none.
HTMLCanvasElement.prototype.getContext = () => null;
