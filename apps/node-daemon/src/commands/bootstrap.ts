import { homedir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { untilInterrupted } from '../daemon/signals.ts';
import { outputOption, printResult, type OutputFormat, type Terminal } from './terminal.ts';

interface BootstrapFlags {
  readonly rbac?: boolean;
  readonly output: OutputFormat;
}

/** `wasmlet bootstrap`: what a node needs to join a cluster; Krustlet's bootstrap.sh. */
export function bootstrapCommand(terminal: Terminal): Command {
  return new Command('bootstrap')
    .description('make a bootstrap token in the cluster and the file that a node joins with')
    .option('--rbac', 'grant what kubeadm grants to nodes that join, on clusters that lack it')
    .addOption(outputOption())
    .addHelpText(
      'after',
      '\nUses the current context of KUBECONFIG, else of ~/.kube/config, which must be allowed to create secrets in\n' +
        'kube-system. Writes ${CONFIG_DIR:-~/.wasmlet/config}/${FILE_NAME:-bootstrap.conf}.',
    )
    .action((flags: BootstrapFlags) => bootstrap(terminal, flags));
}

async function bootstrap(terminal: Terminal, flags: BootstrapFlags): Promise<void> {
  const [
    { openKubeconfig },
    { sendApiRequest },
    { createBootstrapToken },
    { bootstrapBindings },
    { bootstrapKubeconfig },
    { userKubeconfig },
    { replaceFile },
  ] = await Promise.all([
    import('@wasmlet/kubelet'),
    import('../bootstrap/api-request.ts'),
    import('../bootstrap/bootstrap-token.ts'),
    import('../bootstrap/bootstrap-rbac.ts'),
    import('../bootstrap/bootstrap-kubeconfig.ts'),
    import('../bootstrap/user-kubeconfig.ts'),
    import('../local/replace-file.ts'),
  ]);
  using interruption = untilInterrupted();
  const { signal } = interruption;
  const kubeconfig = await openKubeconfig(userKubeconfig(terminal.env));
  const access = await kubeconfig.load();
  if (flags.rbac === true) {
    for (const binding of bootstrapBindings) {
      const name = encodeURIComponent(binding.metadata.name);
      await sendApiRequest(
        access,
        {
          method: 'PATCH',
          path: `/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/${name}?fieldManager=wasmlet&force=true`,
          contentType: 'application/apply-patch+yaml',
          body: binding,
        },
        signal,
      );
    }
  }
  const { id, token, expiresAt, secret } = createBootstrapToken(new Date());
  await sendApiRequest(
    access,
    {
      method: 'POST',
      path: '/api/v1/namespaces/kube-system/secrets',
      contentType: 'application/json',
      body: secret,
    },
    signal,
  );
  const file = bootstrapFile(terminal.env);
  await replaceFile(file, bootstrapKubeconfig(access, token), { mode: 0o600 });
  printResult(
    terminal,
    flags.output,
    { file, tokenId: id, expiresAt, server: access.server.origin },
    `Wrote ${file}: a token for ${access.server.origin}, valid until ${expiresAt.toISOString()}.\n` +
      `Next: wasmlet node --bootstrap-file=${file}`,
  );
}

function bootstrapFile(env: Terminal['env']): string {
  return join(
    env['CONFIG_DIR'] || join(homedir(), '.wasmlet', 'config'),
    env['FILE_NAME'] || 'bootstrap.conf',
  );
}
