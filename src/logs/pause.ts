// A wait that can be cut short. Keeps no process alive.

export class Pause {
  #end: (() => void) | null = null;

  async wait(milliseconds: number): Promise<void> {
    if (milliseconds === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      timer.unref();
      this.#end = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#end = null;
  }

  cut(): void {
    this.#end?.();
  }
}
