// A typedoc plug-in: a parameter that is taken apart where it is declared has no name; here it gets that of its type.
import { Converter, ReferenceType, ReflectionKind } from 'typedoc';

export function load(app) {
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const parameter of project.getReflectionsByKind(ReflectionKind.Parameter)) {
      if (parameter.name === '__namedParameters') parameter.name = nameAfter(parameter.type);
    }
  });
}

function nameAfter(type) {
  const name = type instanceof ReferenceType ? type.name : '';
  if (name === 'Pick') return nameAfter(type.typeArguments?.[0]);
  return name === '' || name.endsWith('Options') ? 'options' : name[0].toLowerCase() + name.slice(1);
}
