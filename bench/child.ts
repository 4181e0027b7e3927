import type { ChildProcess } from "node:child_process";

/** The next message of a child that has this key. Rejects when the child ends or sends `failed`. */
export function answer<T>(child: ChildProcess, key: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      child.off("message", hear);
      child.off("exit", fail);
    };
    const hear = (message: object): void => {
      if (!("failed" in message || key in message)) return;
      settle();
      if ("failed" in message) reject(new Error(String(message.failed)));
      else resolve(message as T);
    };
    const fail = (): void => {
      settle();
      reject(new Error("a process of the bench ended"));
    };
    child.on("message", hear);
    child.once("exit", fail);
  });
}

export function asked<T>(child: ChildProcess, message: object | string, key: string): Promise<T> {
  const answered = answer<T>(child, key);
  child.send(message);
  return answered;
}

/** Lets a child end by itself: it hears that nobody talks to it any more. */
export function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once("exit", () => resolve());
    if (child.connected) child.disconnect();
  });
}
