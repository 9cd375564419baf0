package io.github.engagelab.sms.autoconfigure;

import io.github.engagelab.sms.client.EngageLabSmsThreads;
import io.github.engagelab.sms.cluster.SharedHash;
import io.github.engagelab.sms.cluster.SmsBalanceCluster;

import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnSingleCandidate;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Lazy;
import org.springframework.core.env.Environment;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.core.StringRedisTemplate;
import org.springframework.util.StringUtils;

/**
 * {@link AutoConfiguration Auto-configuration} for polls that instances share through the
 * application's Redis. The bean is always defined, as the switch is not known before run
 * time, but created only if polls are shared.
 */
@AutoConfiguration(afterName = "org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration")
@ConditionalOnClass(StringRedisTemplate.class)
@ConditionalOnSingleCandidate(RedisConnectionFactory.class)
public final class EngageLabSmsRedisAutoConfiguration {

	@Bean
	@Lazy
	SmsBalanceCluster engageLabSmsBalanceCluster(RedisConnectionFactory connectionFactory,
			EngageLabSmsProperties properties, Environment environment, EngageLabSmsThreads threads) {
		String name = properties.cluster().name();
		if (!StringUtils.hasText(name)) {
			name = environment.getProperty("spring.application.name");
		}
		if (!StringUtils.hasText(name)) {
			throw new InvalidEngageLabSmsPropertyException("engagelab.sms.cluster.name",
					"neither it nor spring.application.name is set",
					"Set engagelab.sms.cluster.name to a name that all instances of this application have in common.");
		}
		return new SmsBalanceCluster(new SharedHash(connectionFactory, name, properties.refresh().interval()), threads);
	}

}
