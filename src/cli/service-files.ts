/** What runs an agent or a hub as a service of the machine. Paths are absolute. */
export interface ServiceRequest {
  /** `maint-node-LP-01`, `maint-hub` */
  readonly name: string;
  readonly description: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly dataFolder: string;
  /** Account that owns the data folder. */
  readonly user: string;
}

/** systemd's quoting: a word with anything odd in it stands in double quotes, and `%` begins a specifier. Source: systemd.syntax(7). */
const word = (text: string): string => {
  const doubled = text.replaceAll("%", "%%").replaceAll("$", "$$$$");
  return /^[\w@%+=:,./-]+$/.test(doubled) ? doubled : `"${doubled.replace(/[\\"]/g, "\\$&")}"`;
};

/** A unit that may write its data folder and nothing else. Source: systemd.exec(5). */
export const systemdUnit = ({
  name,
  description,
  program,
  args,
  dataFolder,
  user,
}: ServiceRequest): string => `# ${name}.service, made by maint
[Unit]
Description=${description.replaceAll("%", "%%")}
After=network-online.target time-sync.target
Wants=network-online.target

[Service]
Type=exec
User=${user}
ExecStart=${[program, ...args].map(word).join(" ")}
# It ends in order on SIGTERM, and after an error of the disk by itself: it verifies what it keeps when it starts again.
Restart=always
RestartSec=2
TimeoutStopSec=15
ReadWritePaths=${word(dataFolder)}
ProtectSystem=strict
ProtectHome=read-only
PrivateTmp=yes
PrivateDevices=yes
NoNewPrivileges=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectControlGroups=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictSUIDSGID=yes
LockPersonality=yes
CapabilityBoundingSet=
UMask=0077

[Install]
WantedBy=multi-user.target
`;

const xml = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

/** Windows' own quoting of a command line. Source: CommandLineToArgvW. */
const argument = (text: string): string =>
  /[\s"]/.test(text) ? `"${text.replace(/(\\*)"/g, '$1$1\\"').replace(/(\\+)$/, "$1$1")}"` : text;

/** The configuration of WinSW 2 or 3, which runs a program as a Windows service. Source: WinSW, xml-config-file.md. */
export const winswConfig = ({ name, description, program, args }: ServiceRequest): string => `<service>
  <id>${xml(name)}</id>
  <name>${xml(description)}</name>
  <description>${xml(description)}</description>
  <executable>${xml(program)}</executable>
  <arguments>${xml(args.map(argument).join(" "))}</arguments>
  <onfailure action="restart" delay="2 sec"/>
  <stoptimeout>15 sec</stoptimeout>
  <startmode>Automatic</startmode>
  <log mode="roll"/>
</service>
`;
